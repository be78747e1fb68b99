// Moves a module's cell: the fields on the photograph, the marks on the maps and the number follow.
function moveCell(module, axis, index) {
  const slider = sliderOf(module, axis);
  slider.value = index;
  slider.nextElementSibling.textContent = slider.value;
  for (const each of [module, module.querySelector(".fields")])
    each.style.setProperty(`--${axis}`, slider.value);
  saySeen(module);
  workOut(module);
}

// Writes which rows and columns of the image each branch sees, the photograph's description.
function saySeen(module) {
  const sentence = module.querySelector(".seen");
  const { fields, image } = JSON.parse(sentence.dataset.windows);
  const cell = ["row", "column"].map((axis) => Number(sliderOf(module, axis).value));
  const names = [["top", "bottom"], ["left", "right"]];
  const texts = {};
  for (const [n, axes] of fields.entries())
    for (const [a, [start, stride, size]] of axes.entries()) {
      const first = start + cell[a] * stride;
      texts[`${names[a][0]}-${n}`] = Math.max(first, 0);
      texts[`${names[a][1]}-${n}`] = Math.min(first + size, image[a]) - 1;
    }
  write(sentence, texts);
}

function sliderOf(module, axis) {
  return module.querySelector(`[data-axis=${axis}]`);
}

// A point on the photograph or on a map chooses the cell there.
function pickCell(event) {
  const figure = event.target.closest(".branches .frame, .fields");
  if (!figure) return;
  const box = (figure.querySelector(".edge") ?? figure).getBoundingClientRect();
  const module = figure.closest(".cell-fields");
  const share = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  for (const [index, axis] of ["row", "column"].entries()) {
    const count = Number(sliderOf(module, axis).max) + 1;
    moveCell(module, axis, Math.floor(share[index] * count));
  }
}

const parsed = new WeakMap();

// Writes the calculation of a module's cell, if the numbers of all its cells are here.
function workOut(module) {
  const section = module.parentElement.querySelector(".calculation");
  const source = section?.querySelector("script");
  if (!source) return;
  if (!parsed.has(source)) parsed.set(source, JSON.parse(source.textContent));
  const [row, column] = ["row", "column"].map((axis) => Number(sliderOf(module, axis).value));
  const index = row * (Number(sliderOf(module, "column").max) + 1) + column;
  const data = parsed.get(source);
  write(section, { row, column, ...numberTexts(data, [row, column], index) });
  for (const each of section.querySelectorAll(".slope")) {
    const own = data.frameworks[each.dataset.slope][index];
    each.hidden = !(own < 0 && own > -1e-15);
  }
}

// The texts of one cell's number, by the names of their places. Infinity and NaN are strings.
function numberTexts(data, cell, index) {
  const fixed = (value) => Number(value).toFixed(6);
  const ten = (value) => String(Number(Number(value).toPrecision(10)));
  const short = (value) => value.toExponential(1).replace(/e(.)(\d)$/, "e$10$2");
  const signed = (value) => (value < 0 ? "" : "+") + short(value);
  const value = Number(data.value[index]);
  const apart = Object.values(data.frameworks).map((values) => Math.abs(values[index] - value));
  const texts = { more: data.more[index].toLocaleString("en-US"), rest: fixed(data.rest[index]) };
  Object.assign(texts, { result: fixed(value), reference: ten(value) });
  texts.largest = short(Math.max(...apart));
  for (const [stage, values] of Object.entries(data.stages)) texts[stage] = fixed(values[index]);
  for (const [name, values] of Object.entries(data.frameworks)) {
    texts[name] = ten(values[index]);
    texts[`apart-${name}`] = signed(Number(values[index]) - value);
  }
  const products = data.products[index];
  for (let n = 0; 2 * n < products.length; n++) {
    const [channel, down, across, weight] = data.terms[products[2 * n]];
    const input = products[2 * n + 1];
    Object.assign(texts, {
      [`channel-${n}`]: channel,
      [`row-${n}`]: cell[0] * data.strides[0] + down,
      [`column-${n}`]: cell[1] * data.strides[1] + across,
      [`value-${n}`]: input,
      [`weight-${n}`]: weight,
      [`product-${n}`]: fixed(input * weight),
    });
  }
  return texts;
}

for (const module of document.querySelectorAll(".cell-fields")) {
  module.addEventListener("click", pickCell);
  module.addEventListener("input", (event) =>
    moveCell(module, event.target.dataset.axis, event.target.value)
  );
}

const root = document.documentElement;
root.dataset.scripted = "";
// A browser that keeps nothing for files still shows the page.
const store = {
  get(key, allowed) {
    try {
      const kept = localStorage.getItem(`googlenet-page-${key}`);
      return allowed.includes(kept) ? kept : null;
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`googlenet-page-${key}`, value);
    } catch {
      /* not remembered */
    }
  },
};

function setLanguage(language) {
  root.lang = root.dataset.language = language;
  for (const each of document.querySelectorAll("[data-label-zh]"))
    each.setAttribute("aria-label", each.getAttribute(`data-label-${language}`));
  document.title = document.querySelector("title").getAttribute(`data-${language}`);
  store.set("language", language);
}

function setTheme(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").setAttribute("aria-pressed", theme === "dark");
  store.set("theme", theme);
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    for (const other of document.querySelectorAll(".step[open]")) other.open = other === target;
    target.open = true;
    target.scrollIntoView();
    showChosen();
  }
}

// What scrolls sideways can be scrolled with the keyboard.
function markScrolling() {
  for (const each of document.querySelectorAll(".scroll")) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
    else each.removeAttribute("tabindex");
  }
}

function chooseTab(framework) {
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const chosen = tab.dataset.tab === framework;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const panel of document.querySelectorAll("[data-panel]"))
    panel.hidden = panel.dataset.panel !== framework;
  store.set("tab", framework);
}

function moveTab(event) {
  const tabs = [...event.target.parentElement.children];
  const index = tabs.indexOf(event.target);
  const targets = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 };
  if (!(event.key in targets)) return;
  event.preventDefault();
  const next = tabs[(targets[event.key] + tabs.length) % tabs.length];
  chooseTab(next.dataset.tab);
  next.focus();
}

function addUp() {
  const form = document.getElementById("sum");
  const fields = [...form.querySelectorAll("input")];
  for (const each of fields) each.setAttribute("aria-invalid", !each.validity.valid);
  const wrong = fields.some((each) => !each.validity.valid);
  document.getElementById("sum-wrong").hidden = !wrong;
  const [channels, out, kernel, reduction] = ["in", "out", "kernel", "reduction"].map((name) =>
    Number(form.elements[name].value)
  );
  const show = (id, value) => {
    document.getElementById(id).textContent = wrong ? "-" : value.toLocaleString("en-US");
  };
  show("sum-direct", channels * out * kernel ** 2);
  show("sum-reduced", channels * reduction + reduction * out * kernel ** 2);
}

const networkData = JSON.parse(document.getElementById("network-data").textContent);

// What `diff` says of two networks' layers: each text with all the paths where it is true.
function changesOf(first, second) {
  const [one, two] = [first, second].map((name) => {
    const { paths, layers } = networkData.networks[name];
    return new Map(paths.map((path, index) => [path, layers[index]]));
  });
  const found = new Map();
  for (const path of new Set([...one.keys(), ...two.keys()])) {
    for (const text of networkData.changes[[one.get(path) ?? -1, two.get(path) ?? -1]] ?? []) {
      if (!found.has(text)) found.set(text, []);
      found.get(text).push(networkData.paths[path]);
    }
  }
  return [...found].map(([text, paths]) => [networkData.texts[text], paths]);
}

// The steps that both have, with maps of unequal shape.
function shapesOf(first, second) {
  const [one, two] = [first, second].map((name) => networkData.networks[name].steps);
  return Object.keys(one)
    .filter((path) => path in two && one[path] !== two[path])
    .map((path) => [path, one[path], two[path]]);
}

// The values of the sentence of finding, by the names of their places.
function findingOf(first, second) {
  const [one, two] = [first, second].map((name) => networkData.networks[name].totals);
  const paths = changesOf(first, second).flatMap(([, paths]) => paths);
  // The totals are of the backbone, all parameters, and multiply-adds, among others.
  const [parameters, multiplyAdds] = [1, 2].map((index) => (two[index] / one[index]).toFixed(2));
  const places = new Set(paths.filter((path) => path !== "input")).size;
  return { one: first, other: second, places, parameters, multiply_adds: multiplyAdds };
}

// Writes texts into the places in a part of the page that have their names.
function write(part, texts) {
  for (const each of part.querySelectorAll("[data-value]"))
    each.textContent = texts[each.dataset.value];
}

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function inLanguages(texts) {
  return ["en", "zh"].map((language, index) =>
    Object.assign(element("span", texts[index]), { lang: language })
  );
}

function placesOf(paths) {
  if (paths.length <= 2) return paths.join(", ");
  const opened = element(
    "details",
    element("summary", `${paths.slice(0, 2).join(", ")}, ...`),
    paths.slice(2).join(", ")
  );
  opened.className = "where";
  return opened;
}

// Writes a pair's values into the last two cells of each row; a list has a text in each language.
function fill(table, one, two) {
  [...document.querySelectorAll(`#${table} tr:has(td)`)].forEach((row, index) => {
    [one, two].forEach((values, column) => {
      const value = values[index];
      const shown = Array.isArray(value) ? inLanguages(value) : [value.toLocaleString("en-US")];
      row.cells[column + 1].replaceChildren(...shown);
    });
  });
}

function showTwo() {
  const names = ["first", "second"].map(
    (order) => document.getElementById("two").elements[order].value
  );
  const [one, two] = names.map((name) => networkData.networks[name]);
  for (const [index, order] of ["first", "second"].entries()) {
    for (const head of document.querySelectorAll(`#against th.${order}`))
      head.textContent = names[index];
  }
  const changes = changesOf(...names);
  document.getElementById("nothing").hidden = changes.length > 0;
  document.getElementById("changes").hidden = changes.length === 0;
  document
    .querySelector("#changes tbody")
    .replaceChildren(
      ...changes.map(([texts, paths]) =>
        element(
          "tr",
          element("td", ...inLanguages(texts)),
          element("td", paths.length),
          element("td", placesOf(paths))
        )
      )
    );
  const shapes = shapesOf(...names);
  document.getElementById("alike").hidden = shapes.length > 0;
  document
    .getElementById("shapes")
    .replaceChildren(
      ...shapes.map(([path, ...shapes]) =>
        element("tr", element("th", path), ...shapes.map((shape) => element("td", shape)))
      )
    );
  write(document.querySelector("#against .finding"), findingOf(...names));
  fill("about", one.about, two.about);
  fill("totals", one.totals, two.totals);
}

setLanguage(
  store.get("language", ["en", "zh"]) ?? (navigator.language.startsWith("zh") ? "zh" : "en")
);
setTheme(
  store.get("theme", ["light", "dark"]) ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")
);
document
  .getElementById("language")
  .addEventListener("click", () => setLanguage(root.lang === "en" ? "zh" : "en"));
document
  .getElementById("theme")
  .addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", () => chooseTab(tab.dataset.tab));
  tab.addEventListener("keydown", moveTab);
}
chooseTab(store.get("tab", ["pytorch", "tensorflow", "paddle"]) ?? "pytorch");
document.getElementById("sum").addEventListener("input", addUp);
document.getElementById("sum").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("two").hidden = false;
document.getElementById("two").addEventListener("change", showTwo);
for (const each of document.querySelectorAll("details")) {
  each.addEventListener("toggle", showChosen);
  each.addEventListener("toggle", markScrolling);
}
addEventListener("resize", markScrolling);
markScrolling();
document.addEventListener("click", goToStep);
addEventListener("hashchange", openTarget);
if (!location.hash && root.dataset.part) location.replace(`#${root.dataset.part}`);
openTarget();

const diagram = document.querySelector(".diagram");

// Marks the open steps in the diagram.
function showChosen() {
  for (const piece of document.querySelectorAll("a.piece"))
    piece.classList.toggle("chosen", stepOf(piece).open);
}

function stepOf(link) {
  return document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
}

// Says a step's numbers above the diagram.
function readOut(event) {
  const piece = event.target.closest("a.piece");
  if (!piece) return;
  const facts = stepOf(piece).querySelector(".facts").cloneNode(true);
  document.getElementById("readout").replaceChildren(...facts.childNodes);
}

// What slides under a pointer that rests is not pointed at.
function pointAt(event) {
  if (event.movementX || event.movementY) readOut(event);
}

// The arrow keys go from step to step in the diagram, Home and End to the first and last before
// the heads.
function turnStep(event) {
  const pieces = [...document.querySelectorAll("a.piece")];
  const index = pieces.indexOf(event.target.closest("a.piece"));
  const last = pieces.filter((each) => !("head" in each.dataset)).length - 1;
  const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: last };
  const piece = pieces[next[event.key]];
  if (!piece) return;
  event.preventDefault();
  location.hash = piece.getAttribute("href");
  piece.focus({ preventScroll: true });
  keepInSight(piece);
}

// Scrolls the panel of the diagram, not the page, to a piece.
function keepInSight(piece) {
  const panel = diagram.parentElement;
  const [top, box] = [document.getElementById("readout"), piece].map((each) =>
    each.getBoundingClientRect()
  );
  const [above, below] = [top.bottom + 4, panel.getBoundingClientRect().bottom - 4];
  panel.scrollTop += Math.max(0, box.bottom - below) + Math.min(0, box.top - above);
}

// Opens the step of a link, also again, and moves the focus to its heading, so that it is read out;
// after a click in the diagram the focus stays there, for the arrow keys.
function goToStep(event) {
  const link = event.target.closest("a[href^='#']");
  const step = link && stepOf(link);
  if (!step?.matches(".step") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  location.hash = link.getAttribute("href");
  openTarget();
  const stays = diagram.contains(link) && event.detail > 0;
  (stays ? link : step.querySelector("h3")).focus({ preventScroll: true });
}

diagram.addEventListener("pointermove", pointAt);
diagram.addEventListener("focusin", readOut);
diagram.addEventListener("keydown", turnStep);

const root = document.documentElement;
// A browser that keeps nothing for files still shows the page.
const store = {
  get(key, allowed) {
    try {
      const kept = localStorage.getItem(`googlenet-page-${key}`);
      return allowed.includes(kept) ? kept : null;
    } catch { return null; }
  },
  set(key, value) { try { localStorage.setItem(`googlenet-page-${key}`, value); } catch { /* not remembered */ } },
};

function setLanguage(language) {
  root.lang = root.dataset.language = language;
  store.set("language", language);
}

function setTheme(theme) {
  root.dataset.theme = theme;
  root.style.colorScheme = theme;
  store.set("theme", theme);
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

function chooseTab(framework) {
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const chosen = tab.dataset.tab === framework;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const panel of document.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== framework;
  store.set("tab", framework);
}

function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...event.target.parentElement.children];
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  chooseTab(next.dataset.tab);
  next.focus();
}

function addUp() {
  const form = document.getElementById("sum");
  const [channels, out, kernel, reduction] = ["in", "out", "kernel", "reduction"].map((name) => Number(form.elements[name].value));
  const write = (id, value) => { document.getElementById(id).textContent = value.toLocaleString("en-US"); };
  write("sum-direct", channels * out * kernel ** 2);
  write("sum-reduced", channels * reduction + reduction * out * kernel ** 2);
}

setLanguage(store.get("language", ["en", "zh"]) ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
setTheme(store.get("theme", ["light", "dark"]) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
document.getElementById("language").addEventListener("click", () => setLanguage(root.lang === "en" ? "zh" : "en"));
document.getElementById("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", () => chooseTab(tab.dataset.tab));
  tab.addEventListener("keydown", moveTab);
}
chooseTab(store.get("tab", ["pytorch", "tensorflow", "paddle"]) ?? "pytorch");
document.getElementById("sum").addEventListener("input", addUp);
document.getElementById("sum").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", openTarget);
if (!location.hash && root.dataset.part) location.replace(`#${root.dataset.part}`);
openTarget();

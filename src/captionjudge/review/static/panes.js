// Panes whose sizes a reader can change: by dragging a separator, by its arrow keys, Home and End; a double click or
// Enter gives the layout's own size back. Sizes are remembered in the browser, under the layout's key.

const STEP = 2;
const LIVE = "[data-panes]:not([data-fixed]) .separator";
const KEYS = {
  vertical: { ArrowLeft: -STEP, ArrowRight: STEP },
  horizontal: { ArrowUp: -STEP, ArrowDown: STEP },
};

const number = (separator, name) => Number(separator.getAttribute(name));
const live = (event) => (event.target instanceof Element ? event.target.closest(LIVE) : null);
const memory = (separator) => `captionjudge.panes.${separator.closest("[data-panes]").dataset.panes}`;
const place = (separator) => separator.parentElement.dataset.split;

function resize(separator, percent) {
  const least = number(separator, "aria-valuemin");
  const most = number(separator, "aria-valuemax");
  const size = Math.round(Math.min(most, Math.max(least, percent)) * 100) / 100;
  separator.setAttribute("aria-valuenow", size);
  separator.parentElement.style.setProperty("--first", size);
}

function remembered(separator) {
  // A browser may refuse to keep anything, and what it kept may be anything.
  try {
    const sizes = JSON.parse(localStorage.getItem(memory(separator)));
    return sizes !== null && typeof sizes === "object" && !Array.isArray(sizes) ? sizes : {};
  } catch {
    return {};
  }
}

function remember(separator) {
  const sizes = remembered(separator);
  const size = number(separator, "aria-valuenow");
  if (size === Number(separator.dataset.initial)) delete sizes[place(separator)];
  else sizes[place(separator)] = size;
  try {
    if (Object.keys(sizes).length) localStorage.setItem(memory(separator), JSON.stringify(sizes));
    else localStorage.removeItem(memory(separator));
  } catch {
    // The size holds until the page is left.
  }
}

function reset(separator) {
  resize(separator, Number(separator.dataset.initial));
  remember(separator);
}

function pointed(separator, event) {
  const whole = separator.parentElement.getBoundingClientRect();
  const own = separator.getBoundingClientRect();
  const beside = separator.getAttribute("aria-orientation") === "vertical";
  const at = beside ? event.clientX - whole.left - own.width / 2 : event.clientY - whole.top - own.height / 2;
  return (100 * at) / (beside ? whole.width - own.width : whole.height - own.height);
}

function prepare() {
  // A separator without a tabindex is new, or was made new when the page got its next item.
  for (const separator of document.querySelectorAll(`${LIVE}:not([tabindex])`)) {
    const size = remembered(separator)[place(separator)];
    separator.tabIndex = 0;
    separator.dataset.initial = number(separator, "aria-valuenow");
    resize(separator, Number.isFinite(size) ? size : number(separator, "aria-valuenow"));
  }
}

document.addEventListener("pointerdown", (event) => {
  const separator = live(event);
  if (!separator || event.button !== 0) return;
  event.preventDefault();
  separator.focus();
  separator.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  const separator = live(event);
  if (separator?.hasPointerCapture(event.pointerId)) resize(separator, pointed(separator, event));
});

document.addEventListener("lostpointercapture", (event) => {
  const separator = live(event);
  if (separator) remember(separator);
});

document.addEventListener("dblclick", (event) => {
  const separator = live(event);
  if (separator) reset(separator);
});

// While it is captured, before it reaches the separator: the page's own keys must not see it too.
document.addEventListener(
  "keydown",
  (event) => {
    const separator = live(event);
    if (!separator || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = KEYS[separator.getAttribute("aria-orientation")][event.key];
    if (step) resize(separator, number(separator, "aria-valuenow") + step);
    else if (event.key === "Home") resize(separator, number(separator, "aria-valuemin"));
    else if (event.key === "End") resize(separator, number(separator, "aria-valuemax"));
    else if (event.key === "Enter") reset(separator);
    else return;
    remember(separator);
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

new MutationObserver(prepare).observe(document, { childList: true, subtree: true, attributeFilter: ["tabindex"] });
prepare();

// A key press is a click on a real control: the one whose data-key names the key, in the block that has the focus or,
// if there is none, anywhere on the page. <body data-keys="off"> turns keys off.
"use strict";

(() => {
  const KEYLESS = new Set(["button", "checkbox", "radio", "submit", "reset", "image", "range", "color", "file"]);
  let block = null;

  function isText(element) {
    if (element.matches("input")) return !KEYLESS.has(element.type);
    return element.isContentEditable || element.matches("textarea, select");
  }

  function isUsable(element) {
    return element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled") && !element.closest("[inert]");
  }

  // An open dialog is the page for as long as it is open.
  function page() {
    return document.querySelector("dialog[open]") ?? document;
  }

  function find(key) {
    const wanted = `[data-key~="${CSS.escape(key)}"]`;
    const places = [block, page()].filter((place) => place && (place === document || page().contains(place)));
    for (const place of places) {
      const found = [...place.querySelectorAll(wanted)].find(isUsable);
      if (found) return found;
    }
    return null;
  }

  // The letter of the key cap where the layout writes another script, and the digit where it needs Shift.
  function names(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const cap = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(event.code ?? "");
    const other = cap?.[2] ?? (cap && key > "\u024f" ? cap[1].toLowerCase() : null);
    return other && !event.shiftKey && key.length === 1 ? [key, other] : [key];
  }

  function use(control) {
    if (isText(control)) return control.focus();
    if (control.matches("input")) control.focus();
    control.click();
  }

  function move(from, step) {
    const all = [...page().querySelectorAll("[data-criterion]")].filter(isUsable);
    const next = all[all.indexOf(from) + step];
    const inside = next && [...next.querySelectorAll("input, textarea")].filter(isUsable);
    const target = inside && (inside.find((one) => one.checked && one.closest("[data-criterion]") === next) ?? inside[0]);
    target?.focus();
  }

  // What the browser itself does with a key on the element that has the focus.
  function isNative(event, element) {
    if (event.key === " " || event.key === "Tab") return true;
    return event.key === "Enter" && element.matches("a[href], button, summary, input[type=submit], input[type=button]");
  }

  function onKey(event) {
    const element = document.activeElement ?? document.body;
    if (document.body.dataset.keys === "off" || event.defaultPrevented || event.isComposing || event.repeat) return;
    if ((event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph")) return;
    if (isText(element)) {
      if (event.key === "Escape") element.blur();
      return;
    }
    if (isNative(event, element)) return;
    const criterion = element.closest("[data-criterion]");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (criterion && step) {
      // Left and right still go through the options; up and down would too, and change answers on the way.
      event.preventDefault();
      return move(criterion, step);
    }
    const control = names(event).map(find).find(Boolean);
    if (!control) return;
    event.preventDefault();
    use(control);
  }

  // Without this script such a control is a link to the page that holds the same.
  function onClick(event) {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (!dialog?.showModal) return;
    event.preventDefault();
    if (dialog.open) return;
    dialog.showModal();
    // Else the focus is on the button at the end, and a long list is scrolled there.
    dialog.querySelector("h2")?.focus();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("focusin", (event) => {
    block = event.target.closest("[data-block]") ?? block;
  });
})();

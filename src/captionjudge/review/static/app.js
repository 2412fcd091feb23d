// What needs a script: focus and announcements after a swap, zoom, swipes, news. Every page works without it.
"use strict";

let view = null;
let kept = null;
let says = null;
let touch = null;
let swiped = null;

const say = (words) => (document.getElementById("announcer").textContent = words.trim().replace(/\s+/g, " "));

function arrive() {
  for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
  const heading = document.querySelector("[data-focus]");
  if (heading) {
    heading.focus({ preventScroll: true });
    const words = heading.hasAttribute("data-announce") ? (says ?? heading.dataset.announce) : null;
    if (words) say(words);
  }
  says = null;
  if (swiped) toast();
  zoomable();
  news();
}

// A control knows better than the page it leads to what it does: that page may be the same again.
document.addEventListener("click", (event) => {
  says = event.target.closest("a, button")?.dataset.says ?? null;
});

// What is kept without a new page is told all the same, and most of all when it is not kept.
document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (sourceElement.matches("[data-says]:not(a, button)")) {
    say(response.status < 400 ? sourceElement.dataset.says : "That could not be kept: load the page again.");
  }
});
document.addEventListener("htmx:error", () => say("The server does not answer. What you did last may not be kept."));

function zoomable() {
  const frame = document.querySelector("[data-frame]");
  const image = frame && frame.querySelector("img");
  if (!image || image.dataset.ready) return;
  image.dataset.ready = "yes";
  frame.tabIndex = 0;
  view = Panzoom(image, { maxScale: 12, minScale: 1, panOnlyWhenZoomed: true, startScale: kept ? kept.scale : 1,
    startX: kept ? kept.x : 0, startY: kept ? kept.y : 0 });
  const scrolls = (scale) => (image.style.touchAction = scale > 1 ? "none" : "pan-x pan-y");
  scrolls(kept ? kept.scale : 1);
  frame.addEventListener("wheel", (event) => {
    if (event.ctrlKey || view.getScale() > 1 || event.altKey) view.zoomWithWheel(event);
  }, { passive: false });
  frame.addEventListener("keydown", (event) => {
    const [x, y] = arrows[event.key] ?? [0, 0];
    if (!(x || y) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    view.pan((x * STEP) / view.getScale(), (y * STEP) / view.getScale(), { relative: true });
  });
  image.addEventListener("panzoomchange", (event) => {
    kept = document.body.dataset.zoom === "on" ? event.detail : null;
    scrolls(event.detail.scale);
    if (event.detail.scale > 1.5 && image.dataset.full) {
      image.src = image.dataset.full;
      delete image.dataset.full;
    }
  });
}

const STEP = 60;
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const zooms = {
  "zoom-in": () => view && view.zoomIn(),
  "zoom-out": () => view && view.zoomOut(),
  "zoom-fit": () => view && view.reset(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && zooms[button.dataset.do]) zooms[button.dataset.do]();
});

// A swipe over two descriptions chooses: to the left the first, to the right the second. Scrolling goes before it.
const SWIPE = 80;

document.addEventListener("touchstart", (event) => {
  const [{ clientX: x, clientY: y }] = event.touches;
  const alone = event.touches.length === 1 && event.target.closest(".card");
  touch = alone && matchMedia("(pointer: coarse)").matches ? { x, y, scroll: scrollY } : null;
}, { passive: true });

document.addEventListener("touchend", (event) => {
  const choices = document.querySelectorAll("[data-slot]");
  if (!touch || touch.scroll !== scrollY || choices.length !== 2) return;
  const right = event.changedTouches[0].clientX - touch.x;
  const down = event.changedTouches[0].clientY - touch.y;
  touch = null;
  if (Math.abs(right) < SWIPE || Math.abs(right) < 2 * Math.abs(down)) return;
  swiped = choices[right < 0 ? 0 : 1].value;
  choices[swiped - 1].click();
}, { passive: true });

// Gone with the next page.
function toast() {
  const bar = document.createElement("p");
  const undo = document.createElement("button");
  bar.className = "toast";
  bar.append(`Description ${swiped} is chosen.`, undo);
  undo.append("Undo");
  undo.dataset.says = "Taken back.";
  undo.addEventListener("click", () => document.querySelector("[data-undo]")?.click());
  document.getElementById("main").append(bar);
  swiped = null;
}

// A page that says there is nothing goes on by itself when something has come.
function news() {
  const arrived = document.querySelector("[data-arrived]");
  if (arrived && document.querySelector("[data-waiting]")) location.assign(arrived.dataset.arrived);
}

document.addEventListener("DOMContentLoaded", arrive);
document.addEventListener("htmx:after:swap", (event) => {
  const { target, swap } = event.detail.ctx;
  if (target?.id === "progress") news();
  else if (swap !== "none") arrive();
});

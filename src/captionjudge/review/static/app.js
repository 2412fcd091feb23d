// What needs a script: focus and announcements after a swap, zoom, news. Every page works without it.
"use strict";

let view = null;
let kept = null;

function arrive() {
  for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
  const heading = document.querySelector("[data-focus]");
  if (heading) {
    heading.focus({ preventScroll: true });
    const words = heading.dataset.announce;
    if (words) document.getElementById("announcer").textContent = words.trim().replace(/\s+/g, " ");
  }
  zoomable();
  news();
}

function zoomable() {
  const frame = document.querySelector("[data-zoom]");
  const image = frame && frame.querySelector("img");
  if (!image || image.dataset.ready) return;
  image.dataset.ready = "yes";
  view = Panzoom(image, { maxScale: 12, minScale: 1, contain: undefined, startScale: kept ? kept.scale : 1,
    startX: kept ? kept.x : 0, startY: kept ? kept.y : 0 });
  frame.addEventListener("wheel", (event) => {
    if (event.ctrlKey || view.getScale() > 1 || event.altKey) view.zoomWithWheel(event);
  }, { passive: false });
  image.addEventListener("panzoomchange", (event) => {
    kept = document.body.dataset.zoom === "on" ? event.detail : null;
    if (event.detail.scale > 1.5 && image.dataset.full) {
      image.src = image.dataset.full;
      delete image.dataset.full;
    }
  });
}

const zooms = {
  "zoom-in": () => view && view.zoomIn(),
  "zoom-out": () => view && view.zoomOut(),
  "zoom-fit": () => view && view.reset(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && zooms[button.dataset.do]) zooms[button.dataset.do]();
});

// A page that says there is nothing goes on by itself when something has come.
function news() {
  const arrived = document.querySelector("[data-arrived]");
  if (arrived && document.querySelector("[data-waiting]")) location.assign(arrived.dataset.arrived);
}

document.addEventListener("DOMContentLoaded", arrive);
document.addEventListener("htmx:after:swap", (event) => {
  if (event.target.id === "progress" || (event.detail?.ctx?.target?.id === "progress")) news();
  else arrive();
});

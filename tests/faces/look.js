// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Measures of the page as it is drawn. The window must be so high that nothing has to be scrolled.

/* Red, green, blue (0 to 255) and opacity (0 to 1) of a computed colour, painted by the browser itself. */
function channels(colour) {
  const canvas = channels.canvas ||= new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, opacity] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, opacity / 255];
}

function over(top, bottom) {
  return [0, 1, 2].map(index => top[index] * top[3] + bottom[index] * (1 - top[3])).concat(1);
}

/* Relative luminance of a colour, and contrast of two: WCAG 2.2, "relative luminance" and "contrast ratio". */
function luminance(colour) {
  const [red, green, blue] = colour.slice(0, 3).map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/* What lies under a point of an element, the element's own ground included: all that is drawn there, from the bottom up. */
function ground(element, x, y) {
  const stack = document.elementsFromPoint(x, y);
  const below = stack.includes(element) ? stack.slice(stack.indexOf(element)) : [element];
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.documentElement).colorScheme.includes("dark");
  return below.reverse().reduce((drawn, part) => over(channels(getComputedStyle(part).backgroundColor), drawn), scheme ? [18, 18, 18, 1] : [255, 255, 255, 1]);
}

function opacity(element) {
  return element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
}

/* Each visible text with the contrast of its colour to what lies under it. */
function texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement, range = document.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (!text.data.trim() || !element.checkVisibility({visibilityProperty: true, opacityProperty: true}) || box.width < 2 || box.height < 2) continue;
    const under = ground(element, box.x + box.width / 2, box.y + box.height / 2);
    const colour = channels(getComputedStyle(element).color);
    colour[3] *= opacity(element);
    found.push({text: text.data.trim().slice(0, 60), contrast: contrast(over(colour, under), under), bottom: box.bottom});
  }
  return found;
}

/* Each bar of a result with its contrast to what lies beside it. */
function bars() {
  return [...document.querySelectorAll(".class .bar")].filter(bar => bar.getBoundingClientRect().width >= 4).map(bar => {
    const box = bar.getBoundingClientRect();
    const beside = ground(bar.parentElement, box.right + 1, box.y + box.height / 2);
    return contrast(ground(bar, box.x + 2, box.y + box.height / 2), beside);
  });
}

/* What a finger or a key can reach: its box, its tag. A file input that its label stands for is as large as the label. */
function controls() {
  return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter(part => part.checkVisibility()).map(part => {
    const box = part.getBoundingClientRect();
    return {tag: part.outerHTML.slice(0, 80), width: box.width, height: box.height};
  });
}

/* Whether and how the focused element is marked, as the browser computes it. */
function focusMark() {
  const inner = document.activeElement;
  const marks = [inner, inner.closest("label"), inner.nextElementSibling, inner.parentElement].filter(Boolean);
  return marks.some(part => {
    const style = getComputedStyle(part);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  });
}

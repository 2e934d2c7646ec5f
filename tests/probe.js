// What tests want to know of a page in a browser: it picks, sorts, saves and measures, and writes what it finds.
"use strict";
{
  const found = { wrong: window.wrong, width: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches };
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const visible = each => each.checkVisibility();
  const name = each => `${each.tagName} ${each.id || each.className.baseVal || each.className} ${each.textContent.trim().slice(0, 40)}`;
  const selects = all("#picker select"), key = each => each.id.replace("pick-", "");
  const picked = () => Object.fromEntries(selects.map(each => [key(each), each.value]));
  found.first = picked();

  // all tables open, so that they are looked at too
  for (const each of all("details")) each.open = true;

  // what goes beyond the page, other than in a box that scrolls
  const scrolls = each => each.closest(".scroll") && getComputedStyle(each.closest(".scroll")).overflowX !== "visible";
  const beyond = each => each.getBoundingClientRect().right > innerWidth + 1 || each.getBoundingClientRect().left < -1;
  const aside = each => each.closest(".skip, .unseen, noscript");
  found.overflowing = all("body *").filter(each => visible(each) && !aside(each) && beyond(each) &&
    !(scrolls(each) && !each.matches(".scroll")) && !each.closest("svg svg, defs")).map(name);
  if (document.documentElement.scrollWidth > innerWidth) found.overflowing.push("the page");

  // contrast of all text of the page; of figures the text in the colour of the page
  const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [0.2126, 0.7152, 0.0722].reduce((sum, k, i) => {
    const x = [r, g, b][i] / 255;
    return sum + k * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  }, 0);
  const back = each => {
    for (let at = each; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const texts = all("body *").filter(each => visible(each) && !each.closest("svg, noscript, script") &&
    [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  found.low_contrast = texts.filter(each => contrast(rgb(getComputedStyle(each).color), back(each)) < 4.5).map(name);

  // figures as they are laid out
  found.boxes = all("figure svg").filter(visible).map(each => {
    const { left, right, height } = each.getBoundingClientRect();
    return { id: each.id, left, right, height: Math.ceil(height) };
  });

  // every pick
  found.picked = [];
  const place = each => ({ ...each.dataset });
  const picks = ([one, ...others]) => one ? [...one.options].flatMap(o => picks(others).map(rest => [o.value, ...rest])) : [[]];
  for (const values of picks(selects)) {
    values.forEach((value, i) => { selects[i].value = value; });
    selects.at(-1)?.dispatchEvent(new Event("change", { bubbles: true }));
    found.picked.push({ picked: picked(), figures: all("figure").filter(visible).map(place),
      ranked: all("tbody[data-criterion]").filter(visible).map(place), unsaid: all(".undrawn").filter(each =>
        visible(each) === all("figure[data-criterion]", each.parentNode).some(visible)).map(name) });
  }

  // a table in the order of its figures, or of its words where it has none
  const header = all("#wide th.n").find(h => /CapEx/.test(h.textContent)) || document.querySelector("#wide th");
  const table = header.closest("table"), text = row => row.cells[header.cellIndex].textContent;
  const follows = header.classList.contains("n") ? (a, b) => parseFloat(a.replaceAll(",", "")) >= parseFloat(b.replaceAll(",", ""))
    : (a, b) => a.localeCompare(b, "en", { numeric: true }) >= 0;
  const values = () => [...table.tBodies[0].rows].map(text);
  const ordered = sign => values().every((x, i, each) => !i || (sign > 0 ? follows(x, each[i - 1]) : follows(each[i - 1], x)));
  const orders = [1, -1].map(sign => {
    header.querySelector("button").click();
    return ordered(sign) ? header.getAttribute("aria-sort") : "not sorted";
  });
  found.sorted = orders.join(", then ");

  // a table as CSV
  HTMLAnchorElement.prototype.click = function () { found.saved = this.download; };
  let parts;
  const OldBlob = window.Blob;
  window.Blob = function (given, options) { parts = given; return new OldBlob(given, options); };
  document.querySelector(`button[data-table=${table.id}]`).click();
  found.csv = parts.join("").replace("\ufeff", "");
  found.tables = all("button.csv").map(each => (each.click(), parts.join("").replace("\ufeff", "")));

  found.columns = [...table.tHead.rows[0].cells].map(h => h.textContent.trim());
  found.rows = [...table.tBodies].reduce((sum, body) => sum + body.rows.length, 0);

  // what a keyboard stops at, and nobody says what it is
  found.unnamed = all("a, button, select, summary, [role=region]").filter(each => visible(each) &&
    !(each.textContent.trim() || each.getAttribute("aria-label") || each.labels?.length)).map(name);

  setTimeout(() => parent.postMessage(JSON.stringify(found), "*"), 200); // what is refused is told a little later
}

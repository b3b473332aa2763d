"""What a page must have so that everybody can read and use it, looked at in a browser (browser.py):
names of controls, words for pictures, contrast, headings, the keyboard.

    self.assertEqual(accessibility.problems(page), [])
"""

# Elements that the keyboard must reach.
TABBABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"

HEADINGS = """(() => {
  const found = [], levels = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')]
      .filter((h) => h.checkVisibility()).map((h) => [Number(h.tagName[1]), h.textContent]);
  if (levels.filter(([level]) => level === 1).length !== 1) found.push('not one h1');
  levels.forEach(([level, text], i) => {
    if (level > (i ? levels[i - 1][0] : 0) + 1) found.push(`heading ${level} after ${i ? levels[i - 1][0] : 'none'}: ${text}`);
  });
  if (!document.documentElement.lang) found.push('the page has no language');
  if (!document.title.trim()) found.push('the page has no title');
  return found;
})()"""

PICTURES = """(() => {
  const found = [], named = (e) => (e.getAttribute('aria-label') || '').trim();
  for (const e of document.querySelectorAll('img'))
    if (!(e.getAttribute('alt') || '').trim()) found.push(`no words for ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll('canvas, svg'))
    if (!named(e) && e.getAttribute('aria-hidden') !== 'true' && !e.closest('[aria-label][role=img]'))
      found.push(`no words for ${e.outerHTML.slice(0, 80)}`);
  return found;
})()"""

# WCAG 2.2, 1.4.3: 4.5, and 3 for text of 24 px, or of 18.66 px in bold. What lies below a text is put
# together from the backgrounds of its ancestors; of a gradient each colour counts.
CONTRAST = """(() => {
  const brush = Object.assign(document.createElement('canvas'), {width: 1, height: 1})
      .getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const bright = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => (Math.max(bright(a), bright(b)) + 0.05) / (Math.min(bright(a), bright(b)) + 0.05);
  const grounds = (element) => {
    if (!element) return [rgba('canvas')];
    const style = getComputedStyle(element);
    let below = grounds(element.parentElement).map((ground) => over(rgba(style.backgroundColor), ground));
    const colors = (style.backgroundImage.match(/(rgba?|color|oklab|oklch)\\([^()]*\\)/g) || []).map(rgba);
    if (colors.length) below = below.flatMap((ground) => colors.map((color) => over(color, ground)));
    return below;
  };
  const found = [], seen = new Set();
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || !e.checkVisibility({visibilityProperty: true}) || e.closest('script, style, .heard, .skip, option')) continue;
    const style = getComputedStyle(e);
    let alpha = 1;
    for (let up = e; up; up = up.parentElement) alpha *= Number(getComputedStyle(up).opacity);
    const ink = rgba(e instanceof SVGElement ? style.fill : style.color);
    ink[3] *= alpha;
    const least = Math.min(...grounds(e).map((ground) => ratio(over(ink, ground), ground)));
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    ++texts;
    const where = `${e.tagName.toLowerCase()}.${e.getAttribute('class') || ''}`;
    if (least < (isLarge ? 3 : 4.5) && !seen.has(where)) {
      seen.add(where);
      found.push(`contrast ${least.toFixed(2)} of "${text.slice(0, 40)}" in ${where}`);
    }
  }
  if (texts < 20) found.push(`only ${texts} texts were looked at`);
  return found;
})()"""

WATCH_FOCUS = f"""(() => {{
  window.reached = new Set();
  document.addEventListener('focusin', (event) => window.reached.add(event.target));
  document.activeElement.blur();
  const all = [...document.querySelectorAll({TABBABLE!r})].filter((e) => e.checkVisibility() && !e.disabled);
  window.wanted = all;
  return all.length;
}})()"""

UNREACHED = """window.wanted.filter((e) => e.isConnected && e.checkVisibility() && !window.reached.has(e))
    .map((e) => `the tab key does not reach ${e.outerHTML.slice(0, 80)}`)"""


def without_names(page):
    """Controls that a screen reader has no name for, by the browser's own computation."""
    page.call("Accessibility.enable")
    controls = {"button", "link", "checkbox", "combobox", "slider", "textbox", "DisclosureTriangle",
                "spinbutton", "radio", "application"}
    found, seen = [], 0
    for node in page.call("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        is_focusable = any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", []))
        if node.get("ignored") or (role not in controls and not (is_focusable and role in ("img", "figure", "group"))):
            continue
        seen += 1
        if not node.get("name", {}).get("value", "").strip():
            found.append(f"a {role} without a name (node {node['nodeId']})")
    return found if seen > 3 else found + [f"only {seen} controls were looked at"]


def out_of_reach(page):
    count = page.value(WATCH_FOCUS)
    for _ in range(2 * count + 20):  # parts that scroll are reached too
        page.press("Tab")
    return page.value(UNREACHED) if count > 3 else [f"only {count} controls were looked at"]


def contrast(page, dark):
    page.call("Emulation.setEmulatedMedia",
              features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
    return [f"{'dark' if dark else 'light'}: {problem}" for problem in page.value(CONTRAST)]


def problems(page):
    return (page.value(HEADINGS) + page.value(PICTURES) + without_names(page) + contrast(page, False) +
            contrast(page, True) + out_of_reach(page))

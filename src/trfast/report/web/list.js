/** A long list of rows of one height, which are made when they come near the window. */
class LongList {
  /** `row` makes the element of an item; `empty` is what an empty list says. */
  constructor(box, row, empty, perChunk = 10) {
    Object.assign(this, { box, row, empty, perChunk, made: new Map(), chunks: [] });
    this.watch = new IntersectionObserver(
      (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => this.fill(one.target)),
      { rootMargin: "1200px 0px" },
    );
  }

  show(items) {
    this.watch.disconnect();
    this.chunks = [];
    this.place = new Map(items.map((item, i) => [item, Math.floor(i / this.perChunk)]));
    for (let i = 0; i < items.length; i += this.perChunk) {
      const chunk = document.createElement("div");
      chunk.className = "chunk";
      chunk.items = items.slice(i, i + this.perChunk);
      const height = `calc(${chunk.items.length} * var(--row))`;
      chunk.style.minHeight = height;
      chunk.style.containIntrinsicSize = `auto ${height}`;
      this.chunks.push(chunk);
    }
    const none = document.createElement("p");
    none.textContent = this.empty;
    this.box.replaceChildren(...(items.length ? this.chunks : [none]));
    this.chunks.forEach((chunk, i) => {
      if (i * this.perChunk < 20) this.fill(chunk); // what is seen at once does not flicker
      else this.watch.observe(chunk);
    });
  }

  fill(chunk) {
    if (chunk.firstChild) return;
    this.watch.unobserve(chunk);
    chunk.append(...chunk.items.map((item) => this.element(item)));
    chunk.style.minHeight = "";
  }

  fillAll() {
    this.chunks.forEach((chunk) => this.fill(chunk));
  }

  element(item) {
    if (!this.made.has(item)) this.made.set(item, this.row(item));
    return this.made.get(item);
  }

  /** The element of an item, in its place; undefined if it is not in the list now. */
  reveal(item) {
    if (!this.place.has(item)) return undefined;
    this.fill(this.chunks[this.place.get(item)]);
    return this.element(item);
  }
}

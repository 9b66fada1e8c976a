// Boxes that grow at the end, such as a stream. A box at its end stays there; a box that was scrolled up stays in
// place.

/** Calls `grow`, then scrolls `box` to its end if it was at its end before. */
export function atEnd(box, grow) {
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  grow();
  if (follows) box.scrollTop = box.scrollHeight;
}

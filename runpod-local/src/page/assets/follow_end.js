// Boxes that grow at the end, such as a stream: who looks at the end keeps looking at it, who scrolled up is left there.

/** Calls `grow`, and scrolls `box` to its end if it was there before. */
export function atEnd(box, grow) {
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  grow();
  if (follows) box.scrollTop = box.scrollHeight;
}

// Announcements for screen readers.

const region = document.getElementById("announcements");

/** Announces a sentence when the screen reader is free. */
export function say(sentence) {
  // Screen readers do not announce the same text twice, so a space is added to make it differ.
  region.textContent = region.textContent === sentence ? `${sentence} ` : sentence;
}

// What is read out to those who do not see the page.

const region = document.getElementById("announcements");

/** Has a sentence read out when the reader is free. */
export function say(sentence) {
  // The same sentence twice would not be read twice; a space makes it another one.
  region.textContent = region.textContent === sentence ? `${sentence} ` : sentence;
}

// Pictures and sounds among the values of jobs. Most workers return them as bare base64, others as data URLs; what they
// are is told by their first bytes, so that no text and no markup is taken for one.

import { isObject } from "./json_text.js";

// The smallest pictures that there are have a few more characters.
const SHORTEST = 40;
// Two bytes only tell an MP3 without a header, so there have to be some frames of it.
const SHORTEST_FRAMES = 400;
const MOST_FOUND = 12;
const MOST_VALUES = 5000;
const DEEPEST = 50;
const DATA_URL = /^data:([a-z]+\/[\w.+-]+)(?:;[\w=.+-]+)*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/\r\n]+={0,2}$/;
// Told by its name only: its first bytes are those of many kinds of film.
const NAMED = ["image/avif"];
const KINDS = {
  "image/png": "PNG",
  "image/jpeg": "JPEG",
  "image/gif": "GIF",
  "image/webp": "WebP",
  "image/avif": "AVIF",
  "audio/wav": "WAV",
  "audio/mpeg": "MP3",
};

/** The picture or sound that a text is: `{ url, kind, sound, bytes }`, or `null`. */
export function mediaIn(text) {
  if (typeof text !== "string" || text.length < SHORTEST) return null;
  const named = text.startsWith("data:") ? text.slice(0, 200).match(DATA_URL) : null;
  if (text.startsWith("data:") && !named) return null;
  const start = named ? named[0].length : 0;
  // The first bytes come first: nothing else of a long text is looked at if they are not those of a picture or a sound.
  const told = typeOf(firstBytes(text.slice(start, start + 400)), text.length - start);
  const type = told ?? (named && NAMED.find((name) => name === named[1].toLowerCase()));
  if (!type) return null;
  const base64 = text.slice(start).trimEnd();
  if (!BASE64.test(base64)) return null;
  return { url: `data:${type};base64,${base64}`, kind: KINDS[type], sound: type.startsWith("audio/"), bytes: Math.floor((base64.length * 3) / 4) };
}

/** All of them in a value, each with its place in it, such as `images[0]`. */
export function mediaWithin(value) {
  const found = [];
  let left = MOST_VALUES;
  const visit = (inner, place, depth) => {
    left -= 1;
    if (left < 0 || depth > DEEPEST || found.length >= MOST_FOUND) return;
    if (typeof inner === "string") {
      const media = mediaIn(inner);
      if (media) found.push({ place, ...media });
    } else if (Array.isArray(inner)) {
      inner.some((item, index) => (visit(item, `${place}[${index}]`, depth + 1), left < 0));
    } else if (isObject(inner)) {
      Object.entries(inner).some(([key, item]) => (visit(item, place ? `${place}.${key}` : key, depth + 1), left < 0));
    }
  };
  visit(value, "", 0);
  return found;
}

// As text with a character for each byte; nothing for what is no base64.
function firstBytes(text) {
  const plain = text.replace(/[\r\n]/g, "").slice(0, 24);
  if (plain.length < 24 || !BASE64.test(plain)) return "";
  return atob(plain);
}

function typeOf(head, length) {
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^GIF8[79]a/.test(head)) return "image/gif";
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return "image/webp";
  if (head.startsWith("RIFF") && head.startsWith("WAVE", 8)) return "audio/wav";
  if (/^ID3[\x02-\x04]/.test(head)) return "audio/mpeg";
  return length >= SHORTEST_FRAMES && isFrame(head) ? "audio/mpeg" : null;
}

// Of MPEG layer III: its synchronisation, and no value that is reserved.
function isFrame(head) {
  const [first, second, third] = [0, 1, 2].map((index) => head.charCodeAt(index));
  const version = (second >> 3) & 3;
  return first === 0xff && (second & 0xe6) === 0xe2 && version !== 1 && third >> 4 > 0 && third >> 4 < 15 && ((third >> 2) & 3) < 3;
}

// Pictures and sounds in the values of jobs. Most workers return them as plain base64, others as data URLs. Their first
// bytes determine the type, so text and markup are never treated as media.

import { isObject } from "./json_text.js";

// Even the smallest pictures have a few characters more.
const SHORTEST = 40;
// An MP3 without a header is recognized by two bytes only, so several frames are required.
const SHORTEST_FRAMES = 400;
const MOST_FOUND = 12;
const MOST_VALUES = 5000;
const DEEPEST = 50;
const DATA_URL = /^data:([a-z]+\/[\w.+-]+)(?:;[\w=.+-]+)*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/\r\n]+={0,2}$/;
// Recognized only by the type in the data URL, because its first bytes are also those of many video formats.
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

/** Returns the picture or sound in a text as `{ url, kind, sound, bytes }`, or `null`. */
export function mediaIn(text) {
  if (typeof text !== "string" || text.length < SHORTEST) return null;
  const named = text.startsWith("data:") ? text.slice(0, 200).match(DATA_URL) : null;
  if (text.startsWith("data:") && !named) return null;
  const start = named ? named[0].length : 0;
  // The first bytes are checked first. If they do not match, the rest of a long text is not examined.
  const told = typeOf(firstBytes(text.slice(start, start + 400)), text.length - start);
  const type = told ?? (named && NAMED.find((name) => name === named[1].toLowerCase()));
  if (!type) return null;
  const base64 = text.slice(start).trimEnd();
  if (!BASE64.test(base64)) return null;
  return { url: `data:${type};base64,${base64}`, kind: KINDS[type], sound: type.startsWith("audio/"), bytes: Math.floor((base64.length * 3) / 4) };
}

/** Returns all pictures and sounds in a value, each with its place, such as `images[0]`. */
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

// Returns the first bytes as text, one character per byte, or an empty text if this is not base64.
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

// Checks for a frame of MPEG layer III: the sync bits, and no reserved values.
function isFrame(head) {
  const [first, second, third] = [0, 1, 2].map((index) => head.charCodeAt(index));
  const version = (second >> 3) & 3;
  return first === 0xff && (second & 0xe6) === 0xe2 && version !== 1 && third >> 4 > 0 && third >> 4 < 15 && ((third >> 2) & 3) < 3;
}

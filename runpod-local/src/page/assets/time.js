// Short texts for durations and ages.

/** Returns milliseconds as "840 ms", "1.24 s", "12.4 s", "3 min 05 s" or "2 h 10 min". */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/** Returns the age of a time in ms since 1970: "now", "12 s ago", "5 min ago", "3 h ago" or "2 d ago". */
export function age(time, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** Returns a time of day with milliseconds, as in logs. */
export function clock(time) {
  const date = new Date(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Returns a full date and time, for tooltips. */
export function fullTime(time) {
  return new Date(time).toLocaleString();
}

/** Calls `tick` every second while the page is visible. */
export function everySecond(tick) {
  setInterval(() => {
    if (!document.hidden) tick();
  }, 1000);
}

function two(number) {
  return String(number).padStart(2, "0");
}

/** By what an error is known as a connection's end: it is loaded wherever failures are told, so it loads nothing itself. */

/** The other side, or the stream below a session, was closed: in the words of postgres.js, the operating system, a stream. */
const CLOSED = new Set([
  ...["CONNECTION_CLOSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ENOTCONN"],
  ...["ERR_STREAM_DESTROYED", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_WRITE_AFTER_END", "ERR_SOCKET_CLOSED"],
]);

const LOST = new Set([
  ...CLOSED,
  // postgres.js
  ...["CONNECTION_ENDED", "CONNECTION_DESTROYED", "CONNECT_TIMEOUT"],
  // the operating system
  ...["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"],
  // a server that ends a session: shutdown, crash, start, and the limits for sessions that wait or last too long
  ...["57P01", "57P02", "57P03", "57P05", "25P03", "25P04"],
]);

/** Whether an error's code says that what there was of a connection was closed. */
export function isClosedCode(code: string): boolean {
  return CLOSED.has(code);
}

/** Whether an error's code (SQLSTATE, or a library's word) says that the connection was lost. */
export function isLostCode(code: string): boolean {
  return LOST.has(code);
}

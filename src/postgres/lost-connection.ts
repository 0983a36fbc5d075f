/** By what an error is known as a connection's end: it is loaded wherever failures are told, so it loads nothing itself. */

const LOST = new Set([
  // postgres.js
  ...["CONNECTION_CLOSED", "CONNECTION_ENDED", "CONNECTION_DESTROYED", "CONNECT_TIMEOUT"],
  // the operating system
  ...["ECONNRESET", "ECONNREFUSED", "ECONNABORTED", "EPIPE", "ENOTCONN", "ETIMEDOUT"],
  ...["EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"],
  // a stream that was closed below a session
  ...["ERR_STREAM_DESTROYED", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_WRITE_AFTER_END", "ERR_SOCKET_CLOSED"],
  // a server that ends a session: shutdown, crash, start, and the limits for sessions that wait or last too long
  ...["57P01", "57P02", "57P03", "57P05", "25P03", "25P04"],
]);

/** Whether an error's code (SQLSTATE, or a library's word) says that the connection was lost. */
export function isLostCode(code: string): boolean {
  return LOST.has(code);
}

/**
 * How long a closed socket still sends what it took. Not 0: libzmq 4.3.5 then cuts a message between two frames, and
 * aborts the process when the peer hangs up at that moment (session_base.cpp, clean_pipes).
 */
export const LINGER_MS = 200;

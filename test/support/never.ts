/**
 * Milliseconds that outlast every test. A limit on the clock breaks on a busy machine; a call that was given this time and comes
 * back all the same has not waited for it.
 */
export const NEVER = 3_600_000;

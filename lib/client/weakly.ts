/**
 * A callback for the native side that does not keep its client alive: an unreferenced idle client is collected, which ends it.
 * Create `call` outside of the client's scope: all closures of a scope share its variables, and so would keep the client.
 */
export function weakly<C extends object, T>(client: C, call: (client: C, value: T) => void): (value: T) => void {
  const self = new WeakRef(client);
  return (value) => {
    const alive = self.deref();
    if (alive !== undefined) call(alive, value);
  };
}

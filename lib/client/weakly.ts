/**
 * A callback for the native side that does not keep its client alive: an idle client that nobody has any more is
 * collected, and ends. `call` must not be made where the client can be seen: closures share their scope's variables.
 */
export function weakly<C extends object, T>(client: C, call: (client: C, value: T) => void): (value: T) => void {
  const self = new WeakRef(client);
  return (value) => {
    const alive = self.deref();
    if (alive !== undefined) call(alive, value);
  };
}

/** Types that are compared by the compiler alone. */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when `A` is exactly `B`. */
export function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

/** Compiles only when the value's type is exactly `T`. */
export function is<T>() {
  return <V>(_value: V, ..._proof: Same<V, T> extends true ? [] : [never]): void => {};
}

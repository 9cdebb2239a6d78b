/** Sets and maps that are kept within a bound: the entry that was put in first goes. Pure. */

/** To be called after each entry that is put in. */
export const dropOldest = <Key>(collection: Set<Key> | Map<Key, unknown>, mostEntries: number): void => {
  if (collection.size <= mostEntries) return
  for (const oldest of collection.keys()) {
    collection.delete(oldest)
    return
  }
}

/** Makes the entry the newest one, whether the map had the key or not. */
export const remember = <Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  value: Value,
  mostEntries: number,
): void => {
  map.delete(key)
  map.set(key, value)
  dropOldest(map, mostEntries)
}

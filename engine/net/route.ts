/** Where a packet would be forwarded to: routes by longest prefix, neighbours by address (net/ipv4/fib_trie.c, net/ipv6/route.c). */
import { type IpAddress, inPrefix, sameIp } from './ip-address.ts';
import { type NetNeighbour, type Netns, type NetRoute, TABLE } from './netns.ts';

/** What a lookup goes by. */
export interface RouteQuery {
  readonly destination: IpAddress;
  /** The one table to ask; 0: local, then main, as a fresh namespace's rules say. */
  readonly table: number;
  /** ifindex that the route must lead out of, 0: any. */
  readonly oif: number;
}

/** fib_lookup, fib_table_lookup: the longest prefix wins, then the lowest metric, then the first. */
export function findRoute(ns: Netns, query: RouteQuery): NetRoute | null {
  if (query.table !== 0) return bestIn(ns.routes, query.table, query);
  return bestIn(ns.routes, TABLE.LOCAL, query) ?? bestIn(ns.routes, TABLE.MAIN, query);
}

function bestIn(routes: readonly NetRoute[], table: number, { destination, oif }: RouteQuery): NetRoute | null {
  let best: NetRoute | null = null;
  for (const route of routes) {
    if (route.table !== table || !inPrefix(destination, route.to)) continue;
    if (oif !== 0 && route.dev !== oif && route.type === 'unicast') continue;
    const longer = best === null || route.to.length > best.to.length;
    const equal = best !== null && route.to.length === best.to.length;
    if (longer || (equal && route.metric < best!.metric)) best = route;
  }
  return best;
}

export function findNeighbour(ns: Netns, dev: number, address: IpAddress): NetNeighbour | undefined {
  return ns.neighbours.find((one) => one.dev === dev && sameIp(one.to, address));
}

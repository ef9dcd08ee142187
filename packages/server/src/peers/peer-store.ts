/** Peers that were added through the API, in the server's state. Their logins are in it too: the file is the user's own. */
import type { StateDatabase } from "../state/state-database.ts";
import { type PeerEntry, settingsOf } from "./peer.ts";

export interface PeerStore {
  load(): PeerEntry[];
  save(peer: PeerEntry): void;
  remove(id: string): void;
}

export function storedPeers(state: StateDatabase): PeerStore {
  return {
    load: () =>
      state
        .all<{ body: string }>("select body from peer order by rowid")
        .map(({ body }) => JSON.parse(body) as PeerEntry),
    save(peer) {
      state.run(
        "insert into peer (id, body) values (?, ?) on conflict (id) do update set body = excluded.body",
        peer.id,
        JSON.stringify(settingsOf(peer)),
      );
    },
    remove(id) {
      state.run("delete from peer where id = ?", id);
    },
  };
}

/** Runs the data layer's checks in a Worker: POST a length, the oracle and the file; answers what is wrong, by check. */
import { checks, type Fixture } from "../../packages/dicom/src/test/checks.ts";

// Workers are given their handlers by the default export.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    const body = new Uint8Array(await request.arrayBuffer());
    const oracleLength = new DataView(body.buffer).getUint32(0);
    const oracle = JSON.parse(
      new TextDecoder().decode(body.subarray(4, 4 + oracleLength)),
    ) as Fixture["oracle"];
    const fixture = { name, bytes: body.slice(4 + oracleLength), oracle };
    const found: Record<string, readonly string[]> = {};
    for (const [what, check] of Object.entries(checks)) found[what] = await check(fixture);
    return Response.json(found);
  },
};

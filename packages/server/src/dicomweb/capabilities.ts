/**
 * Retrieve Capabilities transaction (PS3.18 8.9): what the service offers for the source asked, as WADL or JSON.
 */
import { selectOffer } from "./accept.ts";
import { answer } from "./answer.ts";
import { methodsOf, isServed, resources, type ResourceMethod } from "./resources.ts";
import type { Resource } from "./resource.ts";
import { acceptOfRequest, type WebRequest } from "./web-request.ts";

const offers = [
  { mediaType: "application/vnd.sun.wadl+xml", isMultipart: false },
  { mediaType: "application/json", isMultipart: false },
  { mediaType: "application/xml", isMultipart: false },
] as const;

export function capabilities(web: WebRequest, resource: Resource): Response {
  const { mediaType } = selectOffer(acceptOfRequest(web), offers);
  const headers = {
    "content-type": mediaType,
    "cache-control": "no-cache",
    allow: methodsOf(resource).join(", "),
    vary: "Accept",
  };
  const served = servedBy(web);
  if (mediaType === "application/json") {
    return answer(JSON.stringify({ base: web.base, resources: served }), headers);
  }
  return answer(wadl(web.base, served), headers);
}

interface Served {
  readonly path: string;
  readonly methods: readonly ResourceMethod[];
}

function servedBy({ source }: WebRequest): Served[] {
  const can = source.capabilities();
  return resources.flatMap(({ paths, methods }) => {
    const offered = methods.filter((method) => isServed(method, can, source.delete !== undefined));
    return offered.length === 0 ? [] : paths.map((path) => ({ path, methods: offered }));
  });
}

/** Web Application Description Language, W3C Submission 31 August 2009. */
function wadl(base: string, served: readonly Served[]): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<application xmlns="http://wadl.dev.java.net/2009/02">',
    `<resources base="${escaped(base)}/">`,
  ];
  for (const { path, methods } of served) {
    lines.push(`<resource path="${escaped(path)}">`);
    for (const { method, transaction, takes = [], gives, parameters = [] } of methods) {
      lines.push(`<method name="${method}" id="${transaction}">`, "<request>");
      for (const name of parameters) lines.push(`<param name="${escaped(name)}" style="query"/>`);
      for (const type of takes) lines.push(`<representation mediaType="${escaped(type)}"/>`);
      lines.push("</request>", "<response>");
      for (const type of gives) lines.push(`<representation mediaType="${escaped(type)}"/>`);
      lines.push("</response>", "</method>");
    }
    lines.push("</resource>");
  }
  return [...lines, "</resources>", "</application>", ""].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

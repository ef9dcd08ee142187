/** Forwarding: which instances go where, and how. */
export interface RoutingConfig {
  readonly rules: readonly RouteRule[];
  readonly destinations?: Readonly<Record<string, DestinationConfig>> | undefined;
}

export interface RouteRule {
  readonly name: string;
  /** All of it must be so; everything matches when left out. */
  readonly when?: RouteCondition | undefined;
  /** Ids of peers. */
  readonly to: string | readonly string[];
}

type Patterns = string | readonly string[];

/** Wildcards `*` and `?`; of several patterns one has to match. */
export interface RouteCondition {
  readonly callingAeTitle?: Patterns | undefined;
  readonly modality?: Patterns | undefined;
  /** By keyword or tag. */
  readonly attributes?: Readonly<Record<string, Patterns>> | undefined;
}

export interface DestinationConfig {
  /** Associations at a time; the peer's own when left out. */
  readonly parallel?: number | undefined;
  /** What instances are brought into before they are sent. */
  readonly transferSyntax?: string | undefined;
  /** Of an instance that is refused. Default 5. */
  readonly maximumAttempts?: number | undefined;
  /** Of a peer that is not there. Default 72. */
  readonly giveUpHours?: number | undefined;
}

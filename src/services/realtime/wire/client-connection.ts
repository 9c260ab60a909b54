/** Who hears of a connection. Nothing may be thrown. */
export interface ConnectionListener {
  text(text: string): void;
  binary(frame: Buffer): void;
  /** The backlog has gone. @param dropped frames that were left out meanwhile */
  caughtUp(dropped: number): void;
  closed(): void;
}

/** Bounds of a connection's backlog. */
export interface BacklogLimits {
  /** Bytes from which frames that may be dropped are. */
  readonly soft: number;
  /** Bytes from which the connection is ended. */
  readonly hard: number;
  /** Milliseconds without taking anything after which it is ended as well. */
  readonly stall: number;
}

/** What a client is spoken to over, whatever carries it. */
export interface ClientConnection {
  /** False where only text gets through. */
  readonly takesBinary: boolean;
  listener: ConnectionListener | undefined;
  /**
   * Sends a whole WebSocket frame.
   *
   * @param mayDrop true: may be left out when the client does not keep up; it is told later how many were
   * @returns false when it was left out
   */
  send(frame: Buffer, mayDrop: boolean): boolean;
  /** Ends it after what was sent. @param code RFC 6455 §7.4 */
  close(code: number, reason?: string): void;
  /** Stops taking from the client; what was read already still arrives. */
  pause(): void;
  resume(): void;
}

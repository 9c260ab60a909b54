/**
 * Something the operator has to change before the program can run. Printed as one line, exit code 1, no stack trace.
 *
 * @param message what is wrong, in one line
 * @param setting the setting to change, where there is one
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly setting: string | undefined;

  constructor(message: string, setting?: string, cause?: unknown) {
    super(
      setting === undefined ? message : `${message} (change ${setting})`,
      cause === undefined ? undefined : { cause },
    );
    this.setting = setting;
  }
}

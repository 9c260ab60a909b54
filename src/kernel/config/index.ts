export { type EnvEntry, type EnvFile, parseEnvFile, readEnvFile } from './env-file.ts';
export { maskedValue, renderReference } from './reference.ts';
export { type Resolution, resolveSettings, type SourceProblem, type Sources, unknownOwnKeys } from './resolve.ts';
export {
  boolean,
  bytes,
  decimal,
  duration,
  type EffectiveSetting,
  integer,
  json,
  list,
  oneOf,
  prefixed,
  type Setting,
  type SettingNames,
  type SettingsOf,
  type SettingsSchema,
  string,
  url,
} from './setting.ts';

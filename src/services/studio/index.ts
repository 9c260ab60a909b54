export { type StudioDeps, studioRoom } from './create.ts';
export { studioErrors } from './errors.ts';
export type {
  Credentials,
  ProjectInfo,
  RoomSetting,
  SettingProblem,
  SettingsDesk,
  StudioPorts,
} from './ports.ts';
export { type StudioSettings, studioSettings } from './settings.ts';

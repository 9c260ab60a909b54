import { type SettingsOf, string } from '#kernel/config';

/** The studio room's settings. */
export const studioSettings = {
  organization: string({
    name: 'STUDIO_DEFAULT_ORGANIZATION',
    original: ['DEFAULT_ORGANIZATION_NAME'],
    default: 'Default Organization',
    help: 'Organisation name shown in the dashboard.',
  }),
  project: string({
    name: 'STUDIO_DEFAULT_PROJECT',
    original: ['DEFAULT_PROJECT_NAME'],
    default: 'Default Project',
    help: 'Project name shown in the dashboard.',
  }),
};

/** The studio room's parsed settings. */
export type StudioSettings = SettingsOf<typeof studioSettings>;

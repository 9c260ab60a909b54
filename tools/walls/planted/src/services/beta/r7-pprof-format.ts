import { Profile } from 'pprof-format';

export const reached = Profile;

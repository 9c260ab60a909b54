import { SAML } from '@node-saml/node-saml';

export const reached = SAML;

import { graphqlLanguage } from 'cm6-graphql';

export const language = graphqlLanguage;

// Prints every offence Shopify's own linter finds in the theme app extension, as JSON.
import { themeCheckRun } from '@shopify/theme-check-node';

const root = process.argv[2];
const { offenses } = await themeCheckRun(root, `${root}/.theme-check.yml`);
console.log(JSON.stringify(offenses.map(({ check, message, uri }) => ({ check, message, file: uri.split('/').pop() }))));

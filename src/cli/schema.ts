import { configJsonSchema } from '../core/config';
import { exitCodes } from './exit-codes';

/** `config/init/tutelage.schema.json`, which `init` copies beside the configuration for editors. */
export const schemaText = () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

/** `tutelage schema`: the JSON Schema of a configuration file. */
export async function schemaCommand(): Promise<number> {
  process.stdout.write(schemaText());
  return exitCodes.done;
}

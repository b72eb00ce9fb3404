/** Starts the page of results. */

import { firstLanguage } from "../start_language.ts";
import { RecordPage } from "./record.ts";

const reference = /^\/record\/([0-9a-f]{16})$/.exec(location.pathname)?.[1] ?? "";
void new RecordPage(firstLanguage()).begin(reference);

/** What screens say, in two languages. A text that is missing in one, or a plural form that a language needs, does not compile. */

import { cy } from "./cy.ts";
import { en } from "./en.ts";

export type Language = "en" | "cy";
type Forms<Category extends string> = Readonly<Record<Category, string>>;
/** Numbers in English and in Welsh, by the categories of Unicode's plural rules. */
export type EnglishForms = Forms<"one" | "other">;
export type WelshForms = Forms<"zero" | "one" | "two" | "few" | "many" | "other">;

export type Key = { [K in keyof typeof en]: (typeof en)[K] extends string ? K : never }[keyof typeof en];
export type CountKey = Exclude<keyof typeof en, Key>;
export type Values = Readonly<Record<string, string | number>>;

/** Welsh says everything that English says. */
export type Welsh = Readonly<{ [K in keyof typeof en]: (typeof en)[K] extends string ? string : WelshForms }>;

/** Browsers have no names of days and months in Welsh, or not all of them: from Sunday, and from January. */
const DAYS = ["dydd Sul", "dydd Llun", "dydd Mawrth", "dydd Mercher", "dydd Iau", "dydd Gwener", "dydd Sadwrn"];
const MONTHS = ["Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"];

/** Unicode's plural rules of Welsh, which not every browser has either. */
const WELSH: Readonly<Record<number, Intl.LDMLPluralRule>> = { 0: "zero", 1: "one", 2: "two", 3: "few", 6: "many" };

/** One language's texts. */
export class Words {
  readonly language: Language;

  constructor(language: Language) {
    this.language = language;
  }

  /** A text, with {names} replaced by values. */
  say(key: Key, values: Values = {}): string {
    return filled((this.language === "cy" ? cy : en)[key], values);
  }

  /** A text about {count} things. */
  count(key: CountKey, count: number, values: Values = {}): string {
    const filling = { count, ...values };
    if (this.language === "cy") return filled((cy[key] as WelshForms)[(WELSH[count] ?? "other") as keyof WelshForms], filling);
    return filled((en[key] as EnglishForms)[count === 1 ? "one" : "other"], filling);
  }

  /** A moment of the manifest's, in UK time. */
  moment(utc: string): string {
    const time = new Date(utc).toLocaleTimeString("en-GB", {
      timeZone: "Europe/London",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "short",
    });
    return this.say("moment", { day: this.#dated(utc, true), time });
  }

  /** The day of a moment, in UK time. */
  day(utc: string): string {
    return this.#dated(utc, false);
  }

  /** An integer, as it is written in both languages. */
  number(value: number): string {
    return value.toLocaleString("en-GB");
  }

  /** How large a file is. */
  bytes(size: number): string {
    const [unit, name] = size < 1e6 ? [1e3, "kB"] : size < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
    const shown = Math.max(size / unit, 0.1);
    return `${shown.toLocaleString("en-GB", { maximumFractionDigits: 1 })} ${name}`;
  }

  #dated(utc: string, weekday: boolean): string {
    const date = new Date(utc);
    const zone = { timeZone: "Europe/London" } as const;
    if (this.language === "en") {
      const named = weekday ? ({ weekday: "long" } as const) : {};
      return date.toLocaleDateString("en-GB", { ...zone, ...named, day: "numeric", month: "long", year: "numeric" });
    }
    const [day, month, year] = date.toLocaleDateString("en-GB", zone).split("/").map(Number) as [number, number, number];
    const written = `${day} ${MONTHS[month - 1]!} ${year}`;
    return weekday ? `${DAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]!} ${written}` : written;
  }
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

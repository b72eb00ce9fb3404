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

/** Names of days, from Sunday, and of months, from January. Not every browser has them in Welsh. */
const NAMES = {
  en: {
    days: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
  },
  cy: {
    days: ["dydd Sul", "dydd Llun", "dydd Mawrth", "dydd Mercher", "dydd Iau", "dydd Gwener", "dydd Sadwrn"],
    months: ["Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"],
  },
} as const;

/** Reads a moment for clocks in the United Kingdom, once there was one to read. */
let formatter: Intl.DateTimeFormat | null = null;

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
    const { hour, minute, zone } = inUnitedKingdom(utc);
    const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")} ${zone}`;
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
    const { day, month, year } = inUnitedKingdom(utc);
    const { days, months } = NAMES[this.language];
    const written = `${day} ${months[month - 1]!} ${year}`;
    return weekday ? `${days[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]!} ${written}` : written;
  }
}

type Clock = Readonly<Record<"year" | "month" | "day" | "hour" | "minute", number> & { zone: "GMT" | "BST" }>;

/** What clocks in the United Kingdom show at a moment. A browser is slow to make a formatter, and slower with names: there is this one. */
function inUnitedKingdom(utc: string): Clock {
  const number = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
  formatter ??= new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", hourCycle: "h23", ...number });
  const moment = new Date(utc);
  const parts = formatter.formatToParts(moment);
  const read = (name: keyof typeof number): number => Number(parts.find(({ type }) => type === name)!.value);
  const shown = { year: read("year"), month: read("month"), day: read("day"), hour: read("hour"), minute: read("minute") };
  const ahead = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute) - moment.getTime();
  return { ...shown, zone: ahead > 0 ? "BST" : "GMT" }; // the seconds are left out of the former
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

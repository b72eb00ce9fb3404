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

/** One language's texts. */
export class Words {
  readonly language: Language;
  readonly #rules: Intl.PluralRules;

  constructor(language: Language) {
    this.language = language;
    this.#rules = new Intl.PluralRules(language);
  }

  /** A text, with {names} replaced by values. */
  say(key: Key, values: Values = {}): string {
    return filled((this.language === "cy" ? cy : en)[key], values);
  }

  /** A text about {count} things. */
  count(key: CountKey, count: number, values: Values = {}): string {
    const forms: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = (this.language === "cy" ? cy : en)[key];
    return filled(forms[this.#rules.select(count)] ?? forms.other ?? "", { count, ...values });
  }

  /** A moment of the manifest's, in UK time. */
  moment(utc: string): string {
    const day = this.day(utc, "long");
    const time = new Date(utc).toLocaleTimeString(this.#locale, {
      timeZone: "Europe/London",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "short",
    });
    return this.say("moment", { day, time });
  }

  /** The day of a moment, in UK time. */
  day(utc: string, weekday?: "long"): string {
    return new Date(utc).toLocaleDateString(this.#locale, {
      timeZone: "Europe/London",
      ...(weekday ? { weekday } : {}),
      day: "numeric",
      month: "long",
      year: "numeric",
    });
  }

  /** An integer, as it is written in the UK. */
  number(value: number): string {
    return value.toLocaleString(this.#locale);
  }

  /** How large a file is. */
  bytes(size: number): string {
    const [unit, name] = size < 1e6 ? [1e3, "kB"] : size < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
    const shown = Math.max(size / unit, 0.1);
    return `${shown.toLocaleString(this.#locale, { maximumFractionDigits: 1 })} ${name}`;
  }

  get #locale(): string {
    return this.language === "cy" ? "cy-GB" : "en-GB";
  }
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

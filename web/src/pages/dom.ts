/** Elements of a page, made one by one: text is always text, never markup (CL-03), so no policy for trusted markup is needed. */

export type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** An element with attributes; those that begin with "on" listen. False and absent ones are left out. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(attribute.slice(2), value);
    else if (value !== false) element.setAttribute(attribute, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

/** Adds children, strings as text. */
export function append(element: Element, children: readonly Child[]): void {
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
}

/** A paragraph. */
export function p(...children: readonly Child[]): HTMLParagraphElement {
  return h("p", { class: "govuk-body" }, ...children);
}

/* pages: those of operators: where they are, what they are called, and what loads them. */
import type { ComponentType, LazyExoticComponent } from 'react';
import type { NavItem } from '../../layout/nav';

export interface OperatorPage extends NavItem {
  page: LazyExoticComponent<ComponentType>;
}

/** In the order of the side bar. A path matches whatever is under it; the page reads the rest itself. */
export const OPERATOR_PAGES: readonly OperatorPage[] = [];

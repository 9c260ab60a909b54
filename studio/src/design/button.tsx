import type { ButtonHTMLAttributes, Ref } from 'react';
import styles from './button.module.css';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';

/** How much a button asks for attention; one `primary` a view. */
export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  readonly small?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** Class of a link that looks like a button. */
export const buttonClass = (kind: ButtonKind, small = false): string =>
  classes(styles.button, styles[kind], small && styles.small);

/** A button with words. */
export function Button({ kind = 'secondary', icon, small, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={classes(buttonClass(kind, small), className)} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only an icon; `label` is what it is called. */
export function IconButton({
  icon,
  label,
  kind = 'quiet',
  small,
  className,
  ...rest
}: ButtonProps & { readonly icon: IconName; readonly label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={classes(buttonClass(kind, small), styles.icon, className)}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}

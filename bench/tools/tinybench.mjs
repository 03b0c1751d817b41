// From here, where it is installed, and not from where the bench is compiled to.
export { Bench } from 'tinybench';

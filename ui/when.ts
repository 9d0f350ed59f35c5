/** When keys apply: what the screen shows, as yes or no. */
import type { ViewModel } from '../src/view.ts';

/** Nothing lies over the screen. */
export const bare = (vm: ViewModel) => !vm.help && vm.overlay === null;
export const onWatch = (vm: ViewModel) => bare(vm) && vm.screen === 'watch';
export const onRun = (vm: ViewModel) => bare(vm) && vm.run_screen !== null;
/** What there are panes of: an open case, or a run. */
export const shown = (vm: ViewModel) => vm.run_screen?.result ?? vm.failure;
/** A screen without a list lists nothing, not even the mistake that it tells. */
export const listed = (vm: ViewModel) => vm.rows.length > 0 && vm.empty === null && onWatch(vm);
export const inList = (vm: ViewModel) => listed(vm) && vm.pane === 'list';
export const scrolls = (vm: ViewModel) => listed(vm) || vm.overlay !== null || vm.help;
/** Of the run screen the result scrolls by page keys: arrows choose the field. */
export const pages = (vm: ViewModel) => scrolls(vm) || (onRun(vm) && vm.run_screen?.result !== null);
export const inFailure = (vm: ViewModel) => onWatch(vm) && vm.failure !== null;
export const inPanes = (vm: ViewModel) => bare(vm) && shown(vm) !== null;
export const hasDifferences = (vm: ViewModel) => inPanes(vm) && (shown(vm)?.packet?.differences ?? 0) > 1;

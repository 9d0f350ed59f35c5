/** Before every test file: patience. A busy machine must not fail a test; what hangs ends anyhow. */
import { setDefaultTimeout } from 'bun:test';

setDefaultTimeout(180_000);

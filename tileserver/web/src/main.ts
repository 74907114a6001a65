import './page.css';

import { JomoAccount } from './jomo-account';
import { JomoDetails } from './jomo-details';
import { JomoLayers } from './jomo-layers';
import { JomoList } from './jomo-list';
import { JomoMap } from './jomo-map';
import { JomoSeries } from './jomo-series';
import { JomoTime } from './jomo-time';

customElements.define('jomo-account', JomoAccount);
customElements.define('jomo-details', JomoDetails);
customElements.define('jomo-layers', JomoLayers);
customElements.define('jomo-list', JomoList);
customElements.define('jomo-series', JomoSeries);
customElements.define('jomo-time', JomoTime);
customElements.define('jomo-map', JomoMap);

/** Starts the dashboard in its page. */
import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import './styles/theme.css'
import './styles/frame.css'
import './styles/panel.css'
import './styles/chart.css'
import './styles/table.css'
import './styles/control.css'
import { App } from './app.js'
import { applyTheme } from './theme.js'

applyTheme()
render(<App />, document.getElementById('app')!)
